#!/usr/bin/env bash
# Who guards the guards: flips one condition or operator at a time in keys, merge, history, ledger, steps and readers, and runs the
# tests that should notice. Works on a copy of the checkout; takes about half an hour on two cores.
#   tests/mutants.sh            all mutants of tests/mutants.tsv
#   tests/mutants.sh 5 12       only those lines
# A line of mutants.tsv: file under src/, the text (once in the file), what is put in its place, the tests (a filter of dotnet test).
# Ends with 0 when at most 3 of 66 survive; the survivors are listed with their lines.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$root" --exclude=.git --exclude=node_modules --exclude=.azurite -cf - . | tar -C "$copy" -xf -
ln -s "$root/node_modules" "$copy/node_modules"
cd "$copy" || exit 1
export FAULTS_LENGTH=full FAULTS_SEEDS=${FAULTS_SEEDS:-150} FAULTS_INPUTS=${FAULTS_INPUTS:-10000}
quiet=(-v q -nologo -p:TreatWarningsAsErrors=false -p:EnforceCodeStyleInBuild=false -p:RunAnalyzers=false -p:UseSharedCompilation=true -m:1)
dotnet build tests/Pipeline.Tests "${quiet[@]}" >/dev/null && dotnet build tests/Pipeline.Faults "${quiet[@]}" >/dev/null || { echo "the copy does not build"; exit 1; }

# Only the assembly of the mutant is built anew, and put beside the tests.
build() {
  dotnet build src/Pipeline --no-restore "${quiet[@]}" >"$copy/.log" 2>&1 || return 1
  for tests in Pipeline.Tests Pipeline.Faults; do cp src/Pipeline/bin/Debug/net10.0/Pipeline.dll "tests/$tests/bin/Debug/net10.0/" || return 1; done
}
run() { timeout 300 dotnet test "tests/$1" --no-build --filter "$2" >"$copy/.log" 2>&1; } # project, filter

# The lines asked for, by their numbers.
mutants() {
  local number=0 line
  while IFS= read -r line; do
    [[ -z $line || $line == \#* ]] && continue
    number=$((number + 1))
    [[ $# -gt 0 && ! " $* " == *" $number "* ]] || printf '%s\t%s\n' "$number" "$line"
  done <"$root/tests/mutants.tsv"
}

# Tests that fail without a mutant kill nothing.
while IFS=$'\t' read -r project filter; do
  run "$project" "$filter" && grep -qE 'Passed: +[1-9]' "$copy/.log" || { tail -n 40 "$copy/.log"; echo "$project, $filter: does not pass without a mutant"; exit 1; }
done < <(mutants "$@" | cut -f 5,6 | sort -u)

killed=0 broken=0 survivors=()
while IFS=$'\t' read -r number file from to project filter; do
  cp "src/$file" "$copy/.before"
  if ! FROM=$from TO=$to node -e 'const fs = require("fs"), f = process.argv[1], t = fs.readFileSync(f, "utf8"), { FROM, TO } = process.env;
      if (t.split(FROM).length !== 2) { console.error(`${f}: seen ${t.split(FROM).length - 1} times, expected once: ${FROM}`); process.exit(1); }
      fs.writeFileSync(f, t.replace(FROM, () => TO));' "src/$file"; then
    broken=$((broken + 1))
    continue
  fi
  if ! build; then
    echo "$number does not build: $(grep -m1 error "$copy/.log")"
    broken=$((broken + 1))
    cp "$copy/.before" "src/$file"
    continue
  fi
  run "$project" "$filter"
  case $? in
    0) verdict=survived survivors+=("$number $file: $from → $to") ;;
    124) verdict='killed (no end within the limit)' killed=$((killed + 1)) ;;
    *) verdict="killed ($(grep -cE '^ +Failed ' "$copy/.log") tests)" killed=$((killed + 1)) ;;
  esac
  echo "$number $verdict: $file: $from → $to"
  cp "$copy/.before" "src/$file"
done < <(mutants "$@")
echo "$killed killed, ${#survivors[@]} survived, $broken to be corrected in mutants.tsv"
printf '  %s\n' "${survivors[@]}"
[ "${#survivors[@]}" -le 3 ] && [ "$broken" -eq 0 ]
