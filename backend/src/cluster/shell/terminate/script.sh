# Does in a container what closing a terminal window does: see terminate.rs.
# Each line that it is sent is an order:
#   end 17:250500 25:250600:31  hang up the sessions that these processes lead: their ids and start times, and the
#                               group in the foreground where another script told it, or "all" for all groups
#   look                        look what is left of them
#   kill 17 25                  kill what is left of these, with this line and each one that follows
# It answers each with "left 17:2:17 25:1:31": so many processes still have to go, and the foreground's group.
# What is not named has none left, and when nothing is, it ends.
# It runs in whatever shell the image has, with nothing beside it: there is no program but its builtins.
# Complaints go nowhere; but stderr stays open, for containerd closes stdin with it.
exec 3>&2 2>/dev/null

# The fields of a process that stand behind its name. That may hold blanks, parentheses and line ends, so
# what counts is what stands behind the last parenthesis of the last line.
look_at() {
  line=
  while IFS= read -r next; do line=$next; done </proc/$1/stat
  set -- ${line##*) }
  state=$1 group=$3 session=$4 front=$6 start=${20}
}

# What was put under nohup ignores SIGHUP: the lowest bit.
ignores_hangup() {
  while read -r next; do
    case $next in SigIgn:*[13579bdf]) return 0 ;; esac
  done </proc/$1/status
  return 1
}

# All processes of the sessions, and those of them that have to go: the leader, and what is in the foreground.
find_all() {
  all=
  going=
  for path in /proc/[0-9]*; do
    pid=${path#/proc/}
    look_at $pid
    # what is put into a command has to be a number
    case $state$session in
      '' | [ZX]* | *[!0-9]*[!0-9]*) continue ;;
    esac
    eval "foreground=\$front_$session since=\$since_$session"
    [ -n "$foreground" ] || continue
    process=$pid:$start its_group=$group leader=$session
    # the id of a session that has ended may be that of another one
    look_at $leader
    case $start in
      '' | $since) ;;
      *) continue ;;
    esac
    all="$all $process"
    case $foreground:$pid in
      all:* | $its_group:* | *:$leader) ignores_hangup $pid || going="$going $process:$leader" ;;
    esac
  done
}

# A process that has got the id of one that was noted is none of ours.
send() {
  for process in $2; do
    look_at ${process%%:*}
    since=${process#*:}
    [ "$start" != ${since%:*} ] || kill -$1 ${process%%:*}
  done
}

# Hangs up the sessions of these leaders.
end() {
  for process; do
    leader=${process%%:*}
    look_at $leader
    process=${process#*:}
    case $process in *:*) front=${process#*:} ;; esac
    leaders="$leaders $leader"
    # it can't be told any more when the leader is gone
    eval "front_$leader=${front:-none} since_$leader=${process%:*}"
  done
  # a process may start another while this goes on
  for round in 1 2 3; do
    find_all
    new=
    for process in $all; do
      case "$told " in
        *" $process "*) ;;
        *) new="$new $process" ;;
      esac
    done
    [ -n "$new" ] || break
    send HUP "$new"
    # one that is stopped dies only when it goes on
    send CONT "$new"
    told="$told$new"
  done
}

# Kills what is to be killed, and counts what is left of each session; and whether of any that had some it is none.
count() {
  for leader in $leaders; do eval "had_$leader= left_$leader=0"; done
  for process in $going; do
    leader=${process##*:}
    eval "had_$leader=yes killing=\$kill_$leader"
    [ -z "$killing" ] || send KILL $process
    look_at ${process%%:*}
    since=${process#*:}
    case $state:$start in
      Z:* | X:*) ;;
      *:${since%:*}) eval "left_$leader=\$((\$left_$leader + 1))" ;;
    esac
  done
  empty=
  for leader in $leaders; do
    eval "[ \$left_$leader != 0 ] || empty=\$empty\$had_$leader"
  done
}

leaders=
told=
going=
while read -r order these; do
  case $order in
    end) end $these ;;
    kill) for leader in $these; do eval "kill_$leader=yes"; done ;;
  esac
  count
  if [ -n "$empty" ]; then
    # what these started before they went
    find_all
    count
  fi
  answer=left
  these=$leaders
  leaders=
  for leader in $these; do
    eval "left=\$left_$leader front=\$front_$leader"
    if [ $left = 0 ]; then
      unset front_$leader since_$leader kill_$leader
    else
      leaders="$leaders $leader"
      answer="$answer $leader:$left:$front"
    fi
  done
  echo "$answer"
  [ -n "$leaders" ] || break
done
