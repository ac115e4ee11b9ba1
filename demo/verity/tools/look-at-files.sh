#!/bin/sh
# Shows the front of the decision queue and changes nothing: look-at-files.sh QUEUE
set -eu
queue=$1
most=${FL_MESSAGES:-10}
if [ "${FRONTLINE_STEP:-}" = plan ]; then
  echo '{"summary":"Look at the front of the decision queue. Nothing is changed."}'
  exit
fi
ready=$(ls "$queue/ready" | wc -l)
hand=$(ls "$queue/hand" | wc -l)
parked=$(ls "$queue/parked" | grep -c '\.json$' || true)
worst=0
rows=
for file in $( (ls "$queue/hand"; ls "$queue/ready") | sort -u | head -n "$most"); do
  times=0
  [ ! -f "$queue/tries/$file" ] || times=$(wc -l <"$queue/tries/$file")
  [ "$times" -le "$worst" ] || worst=$times
  id=${file#*-}
  rows="$rows${rows:+,}[\"${file%%-*}\",\"${id%.json}\",$((times))]"
done
printf '{"frontline":"table","title":"The front of the queue","columns":["Number","Session","Given back"],"rows":[%s]}\n' "$rows"
printf '{"frontline":"result","summary":"%d sessions wait; the worst of the first was given back %d times; %d are parked.","facts":{"waiting":%d,"parked":%d}}\n' \
  "$((ready + hand))" "$worst" "$parked" "$((ready + hand))" "$parked"
