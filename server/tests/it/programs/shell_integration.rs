//! Shells that tell where they stand, and what that leaves as it was.

use sempre_protocol::SessionId;
use serde_json::json;

use super::{post, run, shell, waited};
use crate::harness::{Call, Setup};

#[tokio::test]
async fn shells_are_left_as_they_are_where_that_is_asked_for() {
    let server = Setup::new().start();
    let plain = server
        .create(json!({ "shell": "bash", "shell_integration": false }))
        .await;
    let command = server.script("cat").await;
    for id in [plain, command] {
        let refused = post(&server, id, "run", json!({ "command": "true" })).await;
        assert_eq!(refused.problem(409).code, "no_shell_integration");
    }
    post(
        &server,
        plain,
        "input",
        json!({ "data": "echo [$ENV$SEMPRE_SHELL_AID]", "enter": true }),
    )
    .await;
    waited(
        &server,
        plain,
        json!({ "for": "text", "value": "\n[]\n", "from": 0 }),
    )
    .await;
    let server = Setup::new().arg("--no-shell-integration").start();
    let off = shell(&server, "bash").await;
    assert_eq!(
        post(&server, off, "run", json!({ "command": "true" }))
            .await
            .problem(409)
            .code,
        "no_shell_integration"
    );
    let on = server
        .create(json!({ "shell": "bash", "shell_integration": true }))
        .await;
    assert_eq!(run(&server, on, "echo on").await.output, "on");
}

#[tokio::test]
async fn the_users_own_files_are_read_as_a_login_shell_does() {
    let server = Setup::new().start();
    let write = |name: &str, text: &str| {
        let path = server.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        ".bash_profile",
        "FROM=profile; export ENV=mine; PROMPT_COMMAND='LAST=$?'; PS1='mine> '\n",
    );
    write(".bash_logout", "echo logged-out\n");
    write(".zshenv", "FROM=env\n");
    write(".zprofile", "FROM=$FROM-profile\n");
    write(
        ".zshrc",
        "FROM=$FROM-rc; PROMPT='mine> '; zle-line-init() { SEEN=1 }; zle -N zle-line-init\n",
    );
    write(".zlogin", "FROM=$FROM-login\n");
    write(
        ".config/fish/config.fish",
        "set FROM config\nfunction fish_prompt; echo -n 'mine> '; end\n",
    );
    let bash = shell(&server, "bash").await;
    let said = run(
        &server,
        bash,
        "(exit 3)\necho $FROM $ENV $LAST; shopt -q login_shell && echo login; set -o | grep posix",
    )
    .await;
    let lines: Vec<_> = said
        .output
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(lines, ["profile mine 0", "login", "posix off"]);
    let zsh = shell(&server, "zsh").await;
    let said = run(
        &server,
        zsh,
        "echo \"$FROM $SEEN [$ZDOTDIR]\"; [[ -o login ]] && echo login",
    )
    .await;
    assert_eq!(said.output, "env-profile-rc-login 1 []\nlogin");
    let fish = shell(&server, "fish").await;
    let said = run(&server, fish, "echo $FROM; status is-login; and echo login").await;
    assert_eq!(said.output, "config\nlogin");
    for id in [bash, zsh, fish] {
        let screen = server.get(&format!("/api/v1/sessions/{id}/screen")).await.text();
        assert!(screen.contains("mine> "), "{screen}");
    }
    let left = run(&server, bash, "exit").await;
    assert!(left.output.contains("logged-out"), "{left:?}");
    assert_eq!(
        std::fs::read_to_string(server.home().join(".zshenv")).unwrap(),
        "FROM=env\n"
    );
}

#[tokio::test]
async fn a_restarted_session_tells_again() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    run(&server, id, "exit").await;
    server.ended(id).await;
    let again = server
        .ask(Call::post(&format!("/api/v1/sessions/{id}/restart")))
        .await
        .value();
    let again: SessionId = again["session_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(run(&server, again, "echo again").await.output, "again");
    let info = server.get(&format!("/api/v1/sessions/{again}")).await.value();
    assert_eq!(
        info["cmd"].as_array().unwrap().len(),
        1,
        "what is Sempre's is not shown: {info}"
    );
}
