#!/bin/sh
# Print and send every week that is over and not printed yet: a start that was missed, or is late, prints its own week.
# One report that fails stops no other; the exit code is that of the last failure, which a scheduler reports.
set -eu
cd "$(dirname "$0")/../.."
ys=${YS:-ys}
status=0
weeks=$($ys due) || exit $?
for week in $weeks; do
  $ys report --week "$week" --all --resume || status=$?
  if [ -f "${RECIPIENTS:=reports/recipients.toml}" ]; then
    $ys send --week "$week" --recipients "$RECIPIENTS" --yes || status=$?
  fi
done
exit $status
