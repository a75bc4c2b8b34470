# Does in a container what closing a terminal window does: see hang_up.rs.
# $1: the process id of the leader of the terminal's session; $2: its start time.
# After each line of input, and once before, it answers "left N": so many processes still have to go.
# It runs in whatever shell the image has, with nothing beside it: there is no program but its builtins.
# Complaints go nowhere; but stderr stays open, for containerd closes stdin with it.
exec 3>&2 2>/dev/null
leader=$1
since=$2

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

# All processes of the session, and those of them that have to go: its leader, and what is in the foreground.
find_all() {
  all=
  going=
  for path in /proc/[0-9]*; do
    pid=${path#/proc/}
    look_at $pid
    case $session:$state in
      $leader:Z | $leader:X) ;;
      $leader:*)
        all="$all $pid:$start"
        if [ $pid = $leader ] || [ "$group" = "$foreground" ]; then
          ignores_hangup $pid || going="$going $pid:$start"
        fi
        ;;
    esac
  done
}

send() {
  for process in $2; do kill -$1 ${process%:*}; done
}

count() {
  left=0
  for process in $going; do
    look_at ${process%:*}
    case $state:$start in
      Z:* | X:*) ;;
      *:${process#*:}) left=$((left + 1)) ;;
    esac
  done
}

look_at $leader
foreground=$front
going=
told=
# if another process has got the leader's id, the session has none left
if [ -z "$start" ] || [ "$start" = "$since" ]; then
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
fi

count
echo "left $left"
while [ $left != 0 ] && read -r order; do
  [ "$order" = look ] || send KILL "$going"
  count
  if [ $left = 0 ]; then
    # what these started before they went
    find_all
    [ "$order" = look ] || send KILL "$going"
    count
  fi
  echo "left $left"
done
