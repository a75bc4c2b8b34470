//! Ids that pass to other processes while the script notes them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_later_process_with_the_same_id_is_left_alone() {
    for interpreter in interpreters() {
        let terminal = Terminal::open().await;
        let leader = terminal.leader();
        let earlier = Leader {
            since: leader.since - 1,
            ..leader
        };
        let (script, left) = Local::end_of(interpreter, earlier);
        assert_eq!(left, 0);
        script.end();
        let nobody = Leader {
            pid: u32::MAX,
            ..leader
        };
        let (script, left) = Local::end_of(interpreter, nobody);
        assert_eq!(left, 0);
        script.end();
        assert!(is_alive(leader.pid), "{interpreter:?}");
        terminal.fake.shutdown().await;
    }
}

/// A process that heeds no termination, whatever its `/proc` says.
struct Deaf(Child);

impl Deaf {
    fn start() -> Self {
        let script = "trap '' HUP; echo; exec sleep 1000";
        let mut command = Command::new("sh");
        let mut child = command
            .args(["-c", script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        Self(child)
    }

    /// What a `/proc` in this folder tells of it: a leader that was started then.
    fn describe(&self, proc: &Path, since: u64) {
        let pid = self.0.id();
        let dir = proc.join(pid.to_string());
        fs::create_dir_all(&dir).unwrap();
        let zeros = "0 ".repeat(13);
        let stat = format!("{pid} (deaf) S 1 {pid} {pid} 1 {pid} {zeros}{since} 0\n");
        fs::write(dir.join("stat"), stat).unwrap();
        fs::write(dir.join("status"), "SigIgn:\t0000000000000000\n").unwrap();
    }

    /// Ends it: the signal that it died of, ours if it was alive.
    fn end(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.unwrap().success());
        self.0.wait().unwrap().signal()
    }
}

#[test]
fn who_has_got_the_id_of_one_that_was_noted_is_not_killed() {
    for interpreter in interpreters() {
        let proc = tempfile::tempdir().unwrap();
        let text = TEXT.replace("/proc", proc.path().to_str().unwrap());
        let [same, other] = [Deaf::start(), Deaf::start()];
        let leader = |deaf: &Deaf| Leader {
            pid: deaf.0.id(),
            since: 1000,
        };
        let leaders = vec![leader(&same), leader(&other)];
        same.describe(proc.path(), 1000);
        other.describe(proc.path(), 1000);
        let mut script = Local::start_as(interpreter, &text);
        assert_eq!(script.ask(&end(&leaders)), 2);
        other.describe(proc.path(), 2000);
        let left = script.tell(&Order::Kill(leaders));
        assert!(!left.contains(&other.0.id()), "{interpreter:?}");
        script.end();
        let (kill, term) = (9, 15);
        assert_eq!(same.end(), Some(kill), "{interpreter:?}");
        assert_eq!(other.end(), Some(term), "{interpreter:?}");
    }
}

/// What is run in a PID namespace of its own, with the script in its environment and the shell that runs it
/// as its arguments: says how a process ended that had got the id of one that the script had noted.
const REUSE: &str = r#"
cd "$FOLDER"
mkfifo orders answers hold
exec 7<>orders 8<>answers 9<>hold
setsid bash -c 'trap : HUP; echo ready >&8; while :; do read -r line; done' <&9 &
leader=$!
read -r line <&8
stat=$(</proc/$leader/stat)
set_since() { since=${20}; }
set_since ${stat##*) }
"$@" -c "$SCRIPT" <&7 >&8 7>&- 8>&- 9>&- &
script=$!
echo "end $leader:$since" >&7
read -r line <&8
echo "${line%:*}" | sed "s/$leader/leader/"
kill -KILL $leader
wait $leader 2>/dev/null
# two that start within one tick have the same start time, and nobody can tell them apart
until read -r uptime rest </proc/uptime && [ ${uptime/.} -gt $((since + 1)) ]; do :; done
echo $((leader - 1)) >/proc/sys/kernel/ns_last_pid
$INNOCENT &
innocent=$!
until read -r line </proc/$innocent/comm && [ "$line" = sleep ]; do :; done
[ $innocent = $leader ] || echo "its id was not taken"
echo "kill $leader" >&7
read -r line <&8
echo "$line"
exec 7>&-
wait $script
kill -TERM $innocent
wait $innocent 2>/dev/null
echo $?
"#;

#[test]
fn an_id_that_is_taken_by_another_process_protects_it() {
    let unshare = |how: &str, script: &str| {
        let mut command = Command::new("unshare");
        command.args([how, "--mount-proc", "bash", "-c", script, "bash"]);
        command
    };
    let allows = |how: &&str| {
        let tried = unshare(how, "echo 100 >/proc/sys/kernel/ns_last_pid").output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(how) = ["-pf", "-Urpf"].into_iter().find(allows) else {
        eprintln!("skipped: no PID namespace whose ids can be chosen");
        return;
    };
    for interpreter in interpreters() {
        // The second one leads a session that has the same id too.
        for innocent in ["sleep 1000", "setsid sleep 1000"] {
            let folder = tempfile::tempdir().unwrap();
            let output = unshare(how, REUSE)
                .arg(find(interpreter[0]).unwrap())
                .args(&interpreter[1..])
                .env("SCRIPT", &*TEXT)
                .env("INNOCENT", innocent)
                .env("FOLDER", folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert_eq!(
                said, "left leader:1\nleft\n143\n",
                "{interpreter:?}, {innocent}"
            );
        }
    }
}
