{{ stage('crm', 'activities') }}
