#!/bin/sh
# Runs commands that come over the second serial port. A request is a line: id, seconds, the script
# in base64. The answer: lines "out ID BASE64" and "err ID BASE64", then "end ID CODE".
exec 2>/dev/null
stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1
: >/tmp/commands.ready # what came before was lost
while read -r id seconds script <&3; do
  case "$id$seconds" in
  '' | *[!0-9a-f]*) continue ;;
  esac
  echo "$script" | base64 -d >/tmp/command || continue
  timeout -s KILL "$seconds" sh /tmp/command >/tmp/command.out 2>/tmp/command.err 3<&- </dev/null
  code=$?
  base64 -w 76 /tmp/command.out | while read -r line; do echo "out $id $line"; done >&3
  base64 -w 76 /tmp/command.err | while read -r line; do echo "err $id $line"; done >&3
  echo "end $id $code" >&3
done
