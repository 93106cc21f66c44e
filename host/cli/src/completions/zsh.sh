#compdef powerbox
# powerbox completions zsh
_powerbox() {
    local -a values shown
    local value about
    while IFS=$'\t' read -r value about; do
        values+=("$value")
        shown+=("$value${about:+  -- $about}")
    done < <("${words[1]}" completions --line "${(j: :)words[1,CURRENT]}" 2>/dev/null)
    if (( ${#values} )); then
        compadd -Q -l -d shown -a values
    else
        _files
    fi
}
if (( ${+functions[compdef]} )); then
    compdef _powerbox powerbox
fi
