{{ stage('crm', 'deal_changes') }}
