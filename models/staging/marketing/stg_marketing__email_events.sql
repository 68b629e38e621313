{{ stage('marketing', 'email_events') }}
