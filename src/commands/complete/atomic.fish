# fish completion for atomic: atomic completion fish | source
function __atomic_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($tokens[1] __complete -- $tokens[2..-1] "$current" 2>/dev/null)
    switch "$lines[1]"
        case :directory
            __fish_complete_directories "$current"
        case :file
            __fish_complete_path "$current"
        case '*'
            printf '%s\n' $lines
    end
end
complete -c atomic -f -a '(__atomic_complete)'
