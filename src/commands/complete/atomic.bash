# bash completion for atomic: source <(atomic completion bash)
_atomic() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :directory)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$2")
        ;;
      :file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _atomic atomic
