using '../budget.bicep'

param environmentName = 'dev'
param monthlyBudget = 15
param startDate = readEnvironmentVariable('BUDGET_START_DATE') // infra/budget.sh sets it
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
