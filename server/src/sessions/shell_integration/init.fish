# Sempre's shell integration for fish: the shell tells where its prompt is and how each command ended (OSC 133).
#
# fish was started with an --init-command that reads this file after the user's own. Nothing of the user's is written
# to. Switch it off with `"shell_integration": false` or `sempre serve --no-shell-integration`.

set -g __sempre_aid $SEMPRE_SHELL_AID
set -e SEMPRE_SHELL_AID
set -e SEMPRE_SHELL_INIT

if status is-interactive; and test -n "$__sempre_aid"
    function __sempre_prompt_begins --on-event fish_prompt
        printf '\e]133;A;aid=%s\a' $__sempre_aid
    end

    function __sempre_command_begins --on-event fish_preexec
        printf '\e]133;C;aid=%s\a' $__sempre_aid
    end

    function __sempre_command_ended --on-event fish_postexec
        printf '\e]133;D;%d;aid=%s\a' $status $__sempre_aid
    end

    functions --query fish_prompt
    and functions --copy fish_prompt __sempre_users_prompt

    function fish_prompt
        # As the user's prompt finds it.
        set -l last_status $status
        if functions --query __sempre_users_prompt
            __sempre_give_status $last_status
            __sempre_users_prompt
        end
        printf '\e]133;B;aid=%s\a' $__sempre_aid
    end

    function __sempre_give_status
        return $argv[1]
    end
end
