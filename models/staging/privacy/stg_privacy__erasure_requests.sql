{{ stage('privacy', 'erasure_requests') }}
