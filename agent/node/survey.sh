# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Reads all that decides which credentials the kubelet tries, and changes nothing.
survey() {
  without_ours=
  choose_directory
  here=${dir%/}
  say "root $here/config.json $proof"
  begin_contents
  say "now $(date +%s)"
  survey_process
  find_places
  say "cwd $cwd"
  say "home $home"
  for path in "$here" "$cwd" "${home%/}/.docker" /.docker; do give json "${path%/}/config.json"; done
  for path in "$here" "$cwd" "$home" /; do give legacy "${path%/}/.dockercfg"; done
  survey_providers
  # What pullcast's own provider prints.
  if [ -d /var/lib/pullcast ]; then give answer /var/lib/pullcast/config.json; fi
  survey_runtime
  survey_images
  survey_log
  done_with surveyed -
}

# The live kubelet: process, start, unit, executable, and the flags that matter. Others may hold a token.
survey_process() {
  provider_config=
  provider_dir=
  [ -n "$kubelet" ] || return 0
  read -r name <"/proc/$kubelet/comm"
  kubelet_started
  say "kubelet $kubelet $started $name"
  say "exe $(readlink "/proc/$kubelet/exe")"
  find_unit
  [ -z "$unit" ] || say "unit $unit"
  case $name in k3s* | rke2*)
    provider_config=/var/lib/rancher/credentialprovider/config.yaml
    provider_dir=/var/lib/rancher/credentialprovider/bin
    [ -e "$provider_config" ] && [ -d "$provider_dir" ] || provider_config='' provider_dir=''
    ;;
  esac
  set -f
  IFS=$nl
  pending=
  for word in $(tr '\0\n' '\n ' <"/proc/$kubelet/cmdline"); do
    case $pending,$word in
      ?*,[!-]*) flag "$pending" "$word" ;;
      ,--*=* | ,-v=*) flag "${word%%=*}" "${word#*=}" ;;
    esac
    case $word in -*=*) pending= ;; -*) pending=$word ;; *) pending= ;; esac
  done
  unset IFS
  set +f
}

# flag NAME VALUE: pflag takes _ for -, and the last one wins. With $without_ours, those that live mode added don't count.
flag() {
  case $without_ours,$1,$2 in
    yes,--image[-_]credential[-_]provider[-_]*,/var/lib/pullcast/*) return 0 ;;
  esac
  case $1 in
    --kubelet-arg) case $2 in *=*) flag "--${2%%=*}" "${2#*=}" ;; esac ;;
    --root[-_]dir) say "flag root-dir $2" ;;
    --config) say "flag config $2" ;;
    --config[-_]dir) say "flag config-dir $2" ;;
    --container[-_]runtime[-_]endpoint) say "flag container-runtime-endpoint $2" ;;
    --v | -v) say "flag v $2" ;;
    --image[-_]credential[-_]provider[-_]config)
      provider_config=$2
      say "flag image-credential-provider-config $2"
      ;;
    --image[-_]credential[-_]provider[-_]bin[-_]dir)
      provider_dir=$2
      say "flag image-credential-provider-bin-dir $2"
      ;;
  esac
}

# give KIND PATH: a file as the kubelet's open() finds it, and its content where that is a regular file of 1 MiB
# at most, within the budget.
give() {
  folder=${2%/*}
  folder=$(stat -L -c %Y "${folder:-/}" 2>/dev/null || echo 0)
  facts=$(stat -L -c '%f %u %g %s %Y %Z' "$2" 2>/dev/null)
  if [ -z "$facts" ]; then
    if [ -L "$2" ]; then say "dangling $1 $folder $2"; else say "absent $1 $folder $2"; fi
    return 0
  fi
  say "file $1 $folder $facts $2"
  # shellcheck disable=SC2086 # fields
  set -- "$1" "$2" $facts
  tell_content "$3" "$6" "$2"
}

# The providers' configuration, a file or (1.35) a directory, and what stands in the directory of programs.
survey_providers() {
  [ -n "$provider_config$provider_dir" ] || return 0
  case $provider_config in '' | /*) ;; *) provider_config=${cwd%/}/$provider_config ;; esac
  case $provider_dir in '' | /*) ;; *) provider_dir=${cwd%/}/$provider_dir ;; esac
  say "provider-config $provider_config"
  if [ -d "$provider_config" ]; then
    for path in "$provider_config"/*.json "$provider_config"/*.yaml "$provider_config"/*.yml; do
      if [ -f "$path" ]; then give provider "$path"; fi
    done
  elif [ -n "$provider_config" ]; then
    give provider "$provider_config"
  fi
  if [ ! -d "$provider_dir" ]; then
    say "provider-dir missing $provider_dir"
    return 0
  fi
  say "provider-dir present $provider_dir"
  count=0
  for path in "$provider_dir"/*; do
    if [ -f "$path" ] && [ -x "$path" ] && [ "$count" -lt 200 ]; then
      count=$((count + 1))
      say "provider-bin ${path##*/}"
    fi
  done
}
