{{ stage('finance', 'exchange_rates') }}
