#!/bin/sh
# Takes the message that the worker has given back most often out of the decision queue: park.sh QUEUE
#
# QUEUE is the queue's folder: ready/ and hand/ hold the messages, one file each, and tries/ a file for each that came back, with a line for each
# time. The message's file is renamed into parked/, which either happens or does not; no other file is touched. Frontline says in FRONTLINE_STEP
# what is wanted: the plan, the work, or, after a crash, whether the work was done.
set -eu
queue=$1
note=$queue/parked/run-${FRONTLINE_RUN:-none}

# waits FILE says whether the message is in the queue. It moves between ready and hand while we look, so ready is asked twice.
waits() {
  [ -f "$queue/ready/$1" ] || [ -f "$queue/hand/$1" ] || [ -f "$queue/ready/$1" ]
}

# suspect prints the file of the message that was given back most often, or nothing. Once is no reason: a worker may restart.
suspect() {
  most=1
  found=
  for tries in "$queue"/tries/*.json; do
    [ -f "$tries" ] || continue
    file=${tries##*/}
    times=$(wc -l <"$tries")
    if [ "$times" -gt "$most" ] && waits "$file"; then
      most=$times
      found=$file
    fi
  done
  echo "$found"
}

# session FILE is how people call the message.
session() {
  name=${1#*-}
  echo "${name%.json}"
}

case ${FRONTLINE_STEP:-} in
plan)
  file=$(suspect)
  if [ -z "$file" ]; then
    echo '{"summary":"No message in the queue was given back more than once: nothing looks poisoned.","nothing":true}'
    exit
  fi
  id=$(session "$file")
  printf '{"summary":"Take %s out of the decision queue and leave the others where they are.",' "$id"
  printf '"changes":[{"what":"Message %s","now":"in the queue; the worker gives it back again and again","after":"parked, out of the queue","count":1,' "$id"
  printf '"undo":"Move its file from parked back into ready."}],"costs":["The worker goes on with the next message at once."],'
  printf '"undo":"Move the file %s from parked back into ready; it then stands at the front again."}\n' "$file"
  ;;
check)
  [ -f "$note" ] && [ -f "$queue/parked/$(cat "$note")" ]
  ;;
*)
  file=$(suspect)
  if [ -z "$file" ]; then
    echo '{"frontline":"result","summary":"No message in the queue looks poisoned; nothing was moved."}'
    exit
  fi
  id=$(session "$file")
  echo "the message is $id, in $file"
  echo "$file" >"$note"
  sync "$note" 2>/dev/null || sync
  echo "waiting until the worker gives it back"
  tries=0
  until mv "$queue/ready/$file" "$queue/parked/$file" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
      rm -f "$note"
      echo "the worker did not give it back within 10 s" >&2
      exit 1
    fi
    sleep 0.05
  done
  sync "$queue/parked" 2>/dev/null || sync
  echo "moved to parked/$file"
  printf '{"frontline":"result","summary":"%s is out of the decision queue. The worker goes on.","facts":{"messages":1}}\n' "$id"
  ;;
esac
