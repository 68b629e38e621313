{{ stage('crm', 'referrals') }}
