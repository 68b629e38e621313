{{ stage('crm', 'tickets') }}
