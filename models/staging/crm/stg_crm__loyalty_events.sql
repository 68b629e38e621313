{{ stage('crm', 'loyalty_events') }}
