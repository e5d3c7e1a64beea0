#!/usr/bin/env bash
# Says whether what was deployed works: settings, secrets, functions, health and status.
# Needs the Azure CLI, signed in, and curl. Reads AZURE_RESOURCE_GROUP, AZURE_FUNCTION_NAME and AZURE_FUNCTION_HOST, which are
# outputs of main.bicep; azd passes them on.
# Exit code: 0 it works, 1 it does not, 2 something is lacking to find out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

api=2024-11-01
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
subscription=${AZURE_SUBSCRIPTION_ID:-$(az account show --query id --output tsv)}
site=/subscriptions/$subscription/resourceGroups/$AZURE_RESOURCE_GROUP/providers/Microsoft.Web/sites/$AZURE_FUNCTION_NAME
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# A plain AzureWebJobsStorage, which tools like to leave behind, would win over the identity.
settings=$(az functionapp config appsettings list --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_NAME" --query '[].name' --output tsv)
for name in AzureWebJobsStorage WEBSITE_RUN_FROM_PACKAGE FUNCTIONS_WORKER_RUNTIME; do
  if grep -qx "$name" <<<"$settings"; then fail "the app has the setting $name, expected none of that name; provision again, which replaces all settings"; fi
done
for name in AzureWebJobsStorage__accountName AzureWebJobsStorage__credential AzureWebJobsStorage__clientId PipelineStorage__clientId; do
  grep -qx "$name" <<<"$settings" || fail "the app lacks the setting $name; provision again"
done

# The app does not start with a reference that was not resolved.
broken=$(az rest --method get --url "$site/config/configreferences/appsettings?api-version=$api" --query "value[?properties.status!='Resolved'].name" --output tsv)
[ -z "$broken" ] || fail "Key Vault references are not resolved: ${broken//$'\n'/ }; put the secrets into the vault, or leave them out of the parameter secrets"

# What the source code calls functions, in whatever file.
expected=$(grep -rhoE '\[Function\("[A-Za-z0-9_-]+"\)' --include='*.cs' --exclude-dir=bin --exclude-dir=obj src/Pipeline.Functions | sed 's/.*"\(.*\)".*/\1/' | sort -u)
for ((attempt = 1; ; attempt++)); do
  az rest --method post --url "$site/host/default/sync?api-version=$api" --output none || echo "after-deploy: the host did not take the request to sync"
  listed=$(az functionapp function list --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_NAME" --query '[].name' --output tsv | sed 's|.*/||' | sort -u)
  missing=$(comm -23 <(echo "$expected") <(echo "$listed") | tr '\n' ' ')
  [ -n "$missing" ] || break
  [ "$attempt" -lt "$attempts" ] || fail "the host does not list: ${missing% }; was the package built with AzurePackages=true? see the host's log (FunctionAppLogs)"
  echo "after-deploy: attempt $attempt of $attempts: not listed yet: ${missing% }"
  sleep "$pause"
done
echo "after-deploy: all functions are listed: ${expected//$'\n'/ }"

# Both are asked for with the key, so that it does not matter which of them needs one. It stays out of the list of processes.
key=$(az rest --method post --url "$site/host/default/listkeys?api-version=$api" --query functionKeys.default --output tsv)
for route in health status; do
  for ((attempt = 1; ; attempt++)); do
    code=$(printf 'header = "x-functions-key: %s"\n' "$key" | curl --config - --silent --max-time 60 --output "$answer" --write-out '%{http_code}' "https://$AZURE_FUNCTION_HOST/api/$route" || true)
    [ "$code" != 200 ] || break
    [ "$attempt" -lt "$attempts" ] || fail "GET /api/$route: status $code, expected 200; the answer begins: $(head -c 300 "$answer")"
    echo "after-deploy: attempt $attempt of $attempts: GET /api/$route: status $code"
    sleep "$pause"
  done
  echo "after-deploy: GET /api/$route: 200"
done
