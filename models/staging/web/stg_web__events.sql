{{ stage('web', 'events') }}
