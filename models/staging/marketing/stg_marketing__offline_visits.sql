{{ stage('marketing', 'offline_visits') }}
