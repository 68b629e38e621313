{{ stage('crm', 'companies') }}
