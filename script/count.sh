# Runs tests and keeps count; sourced after lib.sh.
# shellcheck shell=bash

passed=0
failed=0
failed_names=()  # what to say of them at the end, a line each

# One check that either holds or doesn't: run_step NAME COMMAND…
run_step() {
  local name=$1 started=$SECONDS
  shift
  say "== $name"
  if "$@"; then
    passed=$((passed + 1))
    say "== $name: ok ($((SECONDS - started)) s)"
  else
    failed=$((failed + 1))
    failed_names+=("$name")
    say "== $name: FAILED ($((SECONDS - started)) s)"
  fi
}

# A step that could not even be built.
not_built() {
  failed=$((failed + 1))
  failed_names+=("$1 was not built")
}

# The tests of a build preset: run_ctest PRESET [CTEST OPTION…]
run_ctest() {
  local preset=$1 report=$root/build/$1/ctest.xml status=0 tests failures
  shift
  rm -f "$report"
  ctest --test-dir "build/$preset" -j4 --output-on-failure --no-tests=error --output-junit "$report" "$@" |
    { grep -vE '^ +Start ' || true; } || status=$?
  if [ ! -r "$report" ]; then
    failed=$((failed + 1))
    failed_names+=("ctest of $preset left no report")
    return 0
  fi
  tests=$(junit_count tests "$report")
  failures=$(junit_count failures "$report")
  local name
  while read -r name; do
    failed_names+=("$preset: $name")
  done < <(awk -v excuse="$excuse" 'BEGIN { RS = "<testcase " } NR > 1 && $0 !~ excuse {
    head = substr($0, 1, index($0, ">"))
    if (head ~ /status="(fail|notrun|disabled)"/ && match(head, /name="[^"]*"/)) print substr(head, RSTART + 6, RLENGTH - 7)
  }' "$report")
  # A test that did not run, or ctest itself failing, is never a success; but for those that want what this system forbids.
  local excused
  excused=$(awk -v excuse="$excuse" 'BEGIN { RS = "<testcase " } /status="notrun"/ && $0 ~ excuse { n++ } END { print n + 0 }' "$report")
  tell_excused "$excused"
  tests=$((tests - excused))
  local unrun=$(($(junit_count skipped "$report") + $(junit_count disabled "$report") - excused))
  passed=$((passed + tests - failures - unrun))
  failed=$((failed + failures + unrun))
  if [ "$status" != 0 ] && [ "$((failures + unrun))" = 0 ]; then failed=$((failed + 1)); fi
}

junit_count() {
  sed -n "s/.*\\b$1=\"\\([0-9]*\\)\".*/\\1/p;/>/q" <(tr '\n' ' ' <"$2" | sed 's/.*<testsuite /<testsuite /;s/>.*/>/')
}

# What tests say that want a sandbox where the system makes none, as most containers do, or a keyring where none is installed.
no_sandbox='this system makes no sandbox'
no_keyring='this system has no keyring'
excuse="$no_sandbox|$no_keyring"  # for awk and grep -E

tell_excused() {
  [ "$1" = 0 ] || say "skipped: $1 tests, because $no_sandbox (docs/sandbox.md says what it takes), or because $no_keyring (script/bootstrap test)"
}

# End-to-end tests: run_node_tests FILE…
run_node_tests() {
  local report=$root/build/node-tests.tap status=0 fails
  rm -f "$report"
  node --test --test-force-exit --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$report" "$@" || status=$?
  fails=$(tap_count fail)
  local excused
  excused=$(grep -cE "# SKIP ($excuse)" "$report" || true)
  tell_excused "$excused"
  fails=$((fails + $(tap_count cancelled) + $(tap_count skipped) + $(tap_count todo) - excused))
  [ "$status" = 0 ] || [ "$fails" -gt 0 ] || fails=1
  local name
  while read -r name; do
    failed_names+=("end to end: $name")
  done < <(sed -n 's/^ *not ok [0-9]* - \(.*\)$/\1/p' "$report")
  passed=$((passed + $(tap_count pass)))
  failed=$((failed + fails))
}

# A program that counts for itself, on its last line: run_counted NAME COMMAND…
run_counted() {
  local name=$1 report=$root/build/counted.out status=0 counts
  shift
  say "== $name"
  "$@" | tee "$report" || status=$?
  counts=$(tail -n 1 "$report" | sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p')
  # Without totals, or with a status that contradicts them, it has failed.
  if [ -z "$counts" ]; then counts='0 1'; fi
  if [ "$status" != 0 ] && [ "${counts#* }" = 0 ]; then counts="${counts% *} 1"; fi
  [ "${counts#* }" = 0 ] || failed_names+=("$name: ${counts#* } failed")
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
}

tap_count() {
  local count
  count=$(sed -n "s/^# $1 \\([0-9]*\\)$/\\1/p" "$report" 2>/dev/null | tail -n 1)
  echo "${count:-0}"
}

# Prints what failed, and the totals as the last line, and ends the script: finish NAME also leaves them in build/ for .ci/run.
finish() {
  mkdir -p build
  printf '%s %s\n' "$passed" "$failed" >"build/totals.$1"
  : >"build/failures.$1"
  [ ${#failed_names[@]} = 0 ] || printf 'failed: %s\n' "${failed_names[@]}" | tee "build/failures.$1"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
  exit
}
