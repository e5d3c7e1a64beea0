#!/usr/bin/env bash
# Says whether what was deployed works: settings, secrets, functions, health and status.
# Needs the Azure CLI, signed in, and curl. Reads AZURE_RESOURCE_GROUP, AZURE_FUNCTION_NAME and AZURE_FUNCTION_HOST, which are
# outputs of main.bicep; azd passes them on. ATTEMPTS (20) and PAUSE (15 seconds): how patient it is, for each step.
# EXPECTED_COMMIT, if it is set, is the commit that health has to name: that the new package is there, not the one before it.
# Exit code: 0 it works, 1 it does not, 2 something is lacking to find out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

api=2025-03-01
attempts=${ATTEMPTS:-20}
pause=${PAUSE:-15}

fail() {
  echo "after-deploy: $*" >&2
  exit 1
}
lacking() {
  echo "after-deploy: $*" >&2
  exit 2
}

for command in az curl; do command -v "$command" >/dev/null || lacking "the command $command is missing; install it"; done
for name in AZURE_RESOURCE_GROUP AZURE_FUNCTION_NAME AZURE_FUNCTION_HOST; do
  [ -n "${!name:-}" ] || lacking "$name is not set; take it from the outputs of the deployment (azd env get-values)"
done
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# A step sets "said" to what it found, or "reason" to why it has to be repeated: roles and resolved secrets arrive minutes after the
# deployment, a host takes its time to start, and Azure stumbles at times. A step fails at once with what time does not change.
# It stands in a condition, where the shell does not stop at an error: each command says itself what follows from its failure.
patiently() { # step, its arguments...
  local attempt
  for ((attempt = 1; ; attempt++)); do
    if "$@"; then return; fi
    [ "$attempt" -lt "$attempts" ] || fail "$reason"
    echo "after-deploy: attempt $attempt of $attempts: $reason"
    sleep "$pause"
  done
}

ask() { # arguments of az
  if said=$(az "$@" 2>"$answer"); then return; fi
  reason="az $1 $2 failed: $(tr '\n' ' ' <"$answer" | head -c 300)"
  return 1
}

if [ -z "${AZURE_SUBSCRIPTION_ID:-}" ]; then
  patiently ask account show --query id --output tsv
  AZURE_SUBSCRIPTION_ID=$said
fi
site=/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$AZURE_RESOURCE_GROUP/providers/Microsoft.Web/sites/$AZURE_FUNCTION_NAME

# A plain AzureWebJobsStorage, which tools like to leave behind, would win over the identity.
patiently ask functionapp config appsettings list --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_NAME" --query '[].[name, value]' --output tsv
settings=$(cut -f 1 <<<"$said")
again='provision again (with azd: azd provision --no-state)'
for name in AzureWebJobsStorage WEBSITE_RUN_FROM_PACKAGE FUNCTIONS_WORKER_RUNTIME; do
  if grep -qx "$name" <<<"$settings"; then fail "the app has the setting $name, expected none of that name; $again, which replaces all settings"; fi
done
for name in AzureWebJobsStorage__accountName AzureWebJobsStorage__credential AzureWebJobsStorage__clientId PipelineStorage__clientId; do
  grep -qx "$name" <<<"$settings" || fail "the app lacks the setting $name; $again"
done
# A function that was switched off by hand is listed all the same, and health and status answer. The host takes true and 1, and both ways to write the name.
off=$(grep -iE $'^AzureWebJobs[._].+[._]Disabled\t(true|1)[[:space:]]*$' <<<"$said" | cut -f 1 | tr '\n' ' ' || true)
[ -z "$off" ] || fail "functions are switched off: ${off% }; if no restoring is under way (infra/RESTORE.md), $again, which takes these settings away"

# The app does not start with a reference that was not resolved.
references() {
  ask rest --method get --url "$site/config/configreferences/appsettings?api-version=$api" --query "value[?properties.status!='Resolved'].name" --output tsv || return
  [ -n "$said" ] || return 0
  reason="Key Vault references are not resolved: ${said//$'\n'/ }; put the secrets into the vault, or leave them out of the parameter secrets"
  return 1
}
patiently references

# What the source code calls functions, in whatever file.
expected=$(grep -rhoE '\[Function\("[A-Za-z0-9_-]+"\)' --include='*.cs' --exclude-dir=bin --exclude-dir=obj src/Pipeline.Functions | sed 's/.*"\(.*\)".*/\1/' | sort -u)
functions() {
  local listed missing
  ask rest --method post --url "$site/host/default/sync?api-version=$api" --output none || echo "after-deploy: the host did not take the request to sync"
  ask functionapp function list --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_NAME" --query '[].name' --output tsv || return
  listed=$(printf '%s\n' "$said" | sed 's|.*/||' | sort -u)
  missing=$(comm -23 <(echo "$expected") <(echo "$listed") | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  reason="the host does not list: ${missing% }; is the package all of what 'dotnet publish' wrote, with its hidden folder .azurefunctions? see the host's log (FunctionAppLogs)"
  return 1
}
patiently functions
echo "after-deploy: all functions are listed: ${expected//$'\n'/ }"

# Both are asked for with the key, so that it does not matter which of them needs one. It stays out of the list of processes.
keys() {
  ask rest --method post --url "$site/host/default/listkeys?api-version=$api" --query functionKeys.default --output tsv || return
  [ -z "$said" ] || return 0
  reason="the host has no function key named default; see the host's log (FunctionAppLogs)"
  return 1
}
patiently keys
key=$said
route() { # health or status
  local code
  code=$(printf 'header = "x-functions-key: %s"\n' "$key" | curl --config - --silent --max-time 60 --output "$answer" --write-out '%{http_code}' "https://$AZURE_FUNCTION_HOST/api/$1" || true)
  if [ "$code" = 200 ]; then
    if [ "$1" != health ] || [ -z "${EXPECTED_COMMIT:-}" ]; then return 0; fi
    said=$(sed -n 's/.*"commit":"\([^"]*\)".*/\1/p' "$answer")
    [ "$said" != "$EXPECTED_COMMIT" ] || return 0
    reason="GET /api/health: commit ${said:-none}, expected $EXPECTED_COMMIT; the package before it still answers: wait, or send the package again"
    return 1
  fi
  reason="GET /api/$1: status $code, expected 200; the answer begins: $(head -c 300 "$answer")"
  return 1
}
for name in health status; do
  patiently route "$name"
  echo "after-deploy: GET /api/$name: 200"
done
