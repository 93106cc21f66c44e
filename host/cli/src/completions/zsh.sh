#compdef powerbox
# powerbox completions zsh
_powerbox() {
    local -a values shown
    local value about
    while IFS=$'\t' read -r value about; do
        values+=("$value")
        shown+=("$value${about:+  -- $about}")
    done < <("${words[1]}" completions zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    if (( ${#values} )); then
        # Without -Q: zsh quotes them for the place where it inserts them.
        compadd -l -d shown -a values
    else
        _files
    fi
}
if (( ${+functions[compdef]} )); then
    compdef _powerbox powerbox
fi
