# Sempre's shell integration for zsh: the shell tells where its prompt is and how each command ended (OSC 133).
#
# ZDOTDIR named the directory of this file, the first one zsh reads of a user's. It gives ZDOTDIR back, reads the user's
# own .zshenv, and zsh goes on with the user's other files by itself. Nothing of the user's is written to. Switch it off
# with `"shell_integration": false` or `sempre serve --no-shell-integration`.

if [[ -n "${SEMPRE_ZDOTDIR+set}" ]]; then
    'builtin' 'export' ZDOTDIR="$SEMPRE_ZDOTDIR"
else
    'builtin' 'unset' ZDOTDIR
fi
'builtin' 'typeset' -g __sempre_aid="${SEMPRE_SHELL_AID-}"
'builtin' 'unset' SEMPRE_ZDOTDIR SEMPRE_SHELL_AID

if [[ -o interactive && -n "$__sempre_aid" ]]; then
    # After the command, before the prompt. zsh keeps the code for every such function.
    __sempre_precmd() {
        'builtin' 'local' -i code=$?
        'builtin' 'emulate' -L zsh
        if [[ -n "${__sempre_prompted-}" ]]; then
            'builtin' 'print' -rn -- $'\e]133;D;'"$code;aid=$__sempre_aid"$'\a'
        else
            'builtin' 'typeset' -g __sempre_prompted=1
            # Only now: the user's files have set what they want at the start of a line.
            'builtin' 'autoload' -Uz add-zle-hook-widget
            add-zle-hook-widget line-init __sempre_line_init
        fi
        'builtin' 'print' -rn -- $'\e]133;A;aid='"$__sempre_aid"$'\a'
    }

    __sempre_preexec() {
        'builtin' 'emulate' -L zsh
        'builtin' 'print' -rn -- $'\e]133;C;aid='"$__sempre_aid"$'\a'
    }

    # The editor takes keys.
    __sempre_line_init() {
        'builtin' 'emulate' -L zsh
        'builtin' 'print' -rn -- $'\e]133;B;aid='"$__sempre_aid"$'\a'
    }

    'builtin' 'typeset' -ga precmd_functions preexec_functions
    precmd_functions+=(__sempre_precmd)
    preexec_functions+=(__sempre_preexec)
fi

if [[ -r "${ZDOTDIR-$HOME}/.zshenv" ]]; then
    'builtin' 'source' -- "${ZDOTDIR-$HOME}/.zshenv"
fi
