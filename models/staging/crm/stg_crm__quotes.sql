{{ stage('crm', 'quotes') }}
