# Sempre's shell integration for bash: the shell tells where its prompt is and how each command ended (OSC 133).
#
# bash was started as `bash --posix` with ENV naming this file, since that is what a login shell reads before anything
# else. What follows undoes that, reads the files a shell reads that was started without, and only then adds its own.
# Nothing of the user's is written to. Switch it off with `"shell_integration": false` or `sempre serve
# --no-shell-integration`.

builtin set +o posix
# Leaving the POSIX mode does not undo these.
builtin shopt -u inherit_errexit shift_verbose 2>/dev/null
builtin unset ENV POSIXLY_CORRECT
if [[ -n ${SEMPRE_SHELL_ENV+set} ]]; then
    builtin export ENV=$SEMPRE_SHELL_ENV
fi
__sempre_aid=${SEMPRE_SHELL_AID-}
builtin unset SEMPRE_SHELL_ENV SEMPRE_SHELL_AID SEMPRE_SHELL_INIT
if [[ ${HISTFILE-} == "$HOME/.sh_history" ]]; then
    HISTFILE=$HOME/.bash_history
fi

if builtin shopt -q login_shell; then
    if [[ -r /etc/profile ]]; then
        builtin source /etc/profile
    fi
    for __sempre_file in "$HOME/.bash_profile" "$HOME/.bash_login" "$HOME/.profile"; do
        if [[ -r $__sempre_file ]]; then
            builtin source "$__sempre_file"
            break
        fi
    done
    builtin unset __sempre_file
else
    if [[ -r /etc/bash.bashrc ]]; then
        builtin source /etc/bash.bashrc
    fi
    if [[ -r $HOME/.bashrc ]]; then
        builtin source "$HOME/.bashrc"
    fi
fi

if [[ -n $__sempre_aid && $- == *i* ]]; then
    __sempre_a="\\[\\e]133;A;aid=$__sempre_aid\\a\\]"
    __sempre_b="\\[\\e]133;B;aid=$__sempre_aid\\a\\]"
    __sempre_c="\\e]133;C;aid=$__sempre_aid\\a"

    # First in PROMPT_COMMAND: the code of the command is still there, and is left there.
    __sempre_ended() {
        builtin local code=$?
        if [[ -n ${__sempre_prompted-} ]]; then
            builtin printf '\e]133;D;%d;aid=%s\a' "$code" "$__sempre_aid"
        fi
        __sempre_prompted=1
        builtin return "$code"
    }

    # Last in PROMPT_COMMAND: whoever makes a prompt anew each time has made it.
    __sempre_prompt() {
        builtin local code=$?
        if [[ $PS1 != *"$__sempre_b"* ]]; then
            PS1=$__sempre_a$PS1$__sempre_b
        fi
        if [[ ${PS0-} != *"$__sempre_c"* ]]; then
            PS0=${PS0-}$__sempre_c
        fi
        builtin return "$code"
    }

    if [[ $(builtin declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
        PROMPT_COMMAND=(__sempre_ended "${PROMPT_COMMAND[@]}" __sempre_prompt)
    else
        PROMPT_COMMAND="__sempre_ended
${PROMPT_COMMAND:+$PROMPT_COMMAND
}__sempre_prompt"
    fi
fi
