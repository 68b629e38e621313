{{ stage('web', 'experiment_exposures') }}
