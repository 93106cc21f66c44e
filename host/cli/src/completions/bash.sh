# powerbox completions bash
_powerbox() {
    local line=${COMP_LINE:0:COMP_POINT} value about
    # Bash takes words apart at `=` and `:` too, and wants only the part behind.
    local word=${line##*[[:space:]]} part=${COMP_WORDS[COMP_CWORD]}
    [[ $part == [=:] ]] && part=
    local before=${word%"$part"}
    COMPREPLY=()
    while IFS=$'\t' read -r value about; do
        COMPREPLY+=("${value#"$before"}")
    done < <("${COMP_WORDS[0]}" completions --line "$line" 2>/dev/null)
    # A directory, or a slot, goes on.
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace
    fi
}
complete -o default -F _powerbox powerbox
