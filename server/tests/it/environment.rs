//! What a child starts with: variables, masks, limits, files, signals, and the shell's idea of a login.

use serde_json::{Value, json};

use crate::harness::{Server, Setup};

/// Runs a script and returns its output in lines.
async fn lines(server: &Server, mut request: Value, script: &str) -> Vec<String> {
    request["cmd"] = json!(["sh", "-c", script]);
    let id = server.create(request).await;
    server.ended(id).await;
    let output = server.output_text(id).await;
    output.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_shell_is_a_login_shell_and_knows_its_name() {
    let server = Setup::new().start();
    for shell in ["sh", "bash", "/bin/sh"] {
        let id = server.create(json!({ "shell": shell })).await;
        let mut viewer = server.attach(id, "").await;
        viewer.type_in("echo \"[$0]\" \"[$SHELL]\" \"[$PWD]\"\r").await;
        let name = shell.trim_start_matches("/bin/");
        viewer.until_output(&format!("[-{name}] [/")).await;
        viewer
            .until_output(&format!("/{name}] [{}]", server.home().display()))
            .await;
    }
}

#[tokio::test]
async fn a_command_is_no_login_shell() {
    let server = Setup::new().start();
    assert_eq!(lines(&server, json!({}), "echo $0").await, ["sh"]);
}

#[tokio::test]
async fn secrets_of_the_server_do_not_pass() {
    let server = Setup::new()
        .env("AWS_SECRET_ACCESS_KEY", "hidden")
        .env("NOTIFY_SOCKET", "/hidden")
        .env("LISTEN_FDS", "0")
        .env("SEMPRE_SECRET", "hidden")
        .env("LC_TIME", "C")
        .env("TZ", "Europe/Rome")
        .start();
    let env = lines(
        &server,
        json!({ "env": { "X": "[$AWS_SECRET_ACCESS_KEY$SEMPRE_SECRET]" } }),
        "env",
    )
    .await;
    let all = env.join("\n");
    assert!(!all.contains("hidden") && !all.contains("SEMPRE_HOLDER"), "{all}");
    for expected in ["X=[]", "LC_TIME=C", "TZ=Europe/Rome", "LANG=C.UTF-8"] {
        assert!(env.iter().any(|line| line == expected), "{expected} in {all}");
    }
    let own = |line: &&String| line.starts_with("SEMPRE_") || line.starts_with("LISTEN_");
    let own: Vec<_> = env.iter().filter(own).collect();
    assert!(
        matches!(own[..], [only] if only.starts_with("SEMPRE_SESSION=")),
        "{own:?}"
    );
}

#[tokio::test]
async fn a_session_knows_its_terminal_its_id_and_its_labels() {
    let server = Setup::new().start();
    let request = json!({
        "cmd": ["sh", "-c", "env; tty"],
        "labels": { "story": "S-42", "my-branch": "a b" },
        "env": { "PATH": "/custom/path:$PATH", "TERM": "vt100", "SEMPRE_SESSION": "forged" },
    });
    let id = server.create(request).await;
    server.ended(id).await;
    let output = server.output_text(id).await;
    let path = std::env::var("PATH").unwrap();
    for expected in [
        "SEMPRE_LABEL_STORY=S-42".to_owned(),
        "SEMPRE_LABEL_MY_BRANCH=a b".to_owned(),
        format!("SEMPRE_SESSION={id}"),
        "COLORTERM=truecolor".to_owned(),
        "TERM=vt100".to_owned(),
        format!("PATH=/custom/path:{path}"),
    ] {
        assert!(
            output.lines().any(|line| line == expected),
            "{expected} in {output}"
        );
    }
    assert!(output.contains("/dev/pts/"), "{output}");
    assert!(
        lines(&server, json!({}), "env")
            .await
            .contains(&"TERM=xterm-256color".to_owned())
    );
}

#[tokio::test]
async fn the_umask_and_the_limits_are_those_of_the_server() {
    let server = Setup::new()
        .after("umask 026; ulimit -S -n 512; ulimit -S -c 0")
        .start();
    let found = lines(&server, json!({}), "umask; ulimit -S -n; ulimit -S -c").await;
    assert_eq!(found, ["0026", "512", "0"]);
}

#[tokio::test]
async fn a_child_has_its_terminal_open_and_nothing_else() {
    let server = Setup::new().start();
    // Something to inherit: connections, journals, another session.
    let other = server.script("cat").await;
    let _viewer = server.attach(other, "").await;
    let found = lines(&server, json!({}), "ls -l /proc/$$/fd").await;
    let found: Vec<_> = found.iter().filter_map(|line| line.split_once(" -> ")).collect();
    let names: Vec<_> = found
        .iter()
        .map(|(name, _)| name.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["0", "1", "2"], "{found:?}");
    assert!(
        found.iter().all(|(_, file)| file.starts_with("/dev/pts/")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_child_starts_with_no_signal_blocked_and_those_ignored_that_its_server_ignored() {
    let server = Setup::new().after("trap '' USR2").start();
    let found = lines(&server, json!({}), "grep -E '^Sig(Ign|Blk)' /proc/self/status").await;
    let mask = |name: &str| {
        let line = found.iter().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(mask("SigBlk:"), 0);
    let bit = |signal: u32| 1 << (signal - 1);
    assert_eq!(mask("SigIgn:") & bit(12), bit(12), "SIGUSR2 was ignored already");
    for signal in [1, 2, 13, 15, 17, 25] {
        assert_eq!(mask("SigIgn:") & bit(signal), 0, "signal {signal}");
    }
}

#[tokio::test]
async fn the_holder_has_only_files_of_its_own() {
    let server = Setup::new().start();
    let first = server.script("cat").await;
    let _viewer = server.attach(first, "").await;
    let second = server.script("cat").await;
    let holder = server.holder(second);
    let links = std::fs::read_dir(format!("/proc/{holder}/fd")).unwrap();
    let links: Vec<_> = links
        .map(|fd| {
            std::fs::read_link(fd.unwrap().path())
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let own = server.session_dir(second).display().to_string();
    for link in &links {
        let data = server.dir().root().display().to_string();
        assert!(
            !link.starts_with(&data) || link.starts_with(&own),
            "{link} in {links:?}"
        );
    }
    let of_server = |link: &String| {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .flatten();
        let mut links = fds.filter_map(|fd| std::fs::read_link(fd.path()).ok());
        link.starts_with("socket:") && links.any(|other| other.to_string_lossy() == *link)
    };
    assert!(!links.iter().any(of_server), "{links:?}");
}
