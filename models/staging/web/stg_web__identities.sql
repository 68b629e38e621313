{{ stage('web', 'identities') }}
