{{ stage('feedback', 'survey_invitations') }}
