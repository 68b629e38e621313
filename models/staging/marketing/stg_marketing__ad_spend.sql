{{ stage('marketing', 'ad_spend') }}
