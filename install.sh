#!/bin/sh
# install.sh PYTHON LOCK...: install locked requirements into .venv, by a pinned uv where it can be had, else by pip.
# What pip is told (index, certificates, folders of wheels) by its environment or configuration, uv is told as well.
set -eu
python=$1
shift
bin=.venv/bin
test -x $bin/python || "$python" -m venv .venv
locks=
for lock in "$@"; do locks="$locks -r $lock"; done
pip="$bin/python -m pip"

by_pip() {
  # shellcheck disable=SC2086 # each word of $locks is one
  $pip install --quiet --disable-pip-version-check --require-hashes $locks
}

told() { # told VARIABLE OPTION: what pip's environment, or else its configuration, says
  eval "found=\${$1:-}"
  test -n "$found" || found=$($pip config get "global.$2" 2>/dev/null) || found=$($pip config get "install.$2" 2>/dev/null) || found=
  echo "$found"
}

# Hashes are pinned, so a package may come from any index, as pip takes it.
by_uv() {
  # The lock of uv alone: the lines of the whole lock that pin it and name its hashes.
  sed -n '/^uv==/,/^ *#/p' requirements.lock >.venv/uv.lock
  $bin/uv --version 2>/dev/null | grep -q "$(sed -n 's/^uv==\([^ ]*\).*/\1/p' .venv/uv.lock)" ||
    $pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock || return 1
  index=$(told PIP_INDEX_URL index-url) more=$(told PIP_EXTRA_INDEX_URL extra-index-url)
  wheels=$(told PIP_FIND_LINKS find-links) certificates=$(told PIP_CERT cert)
  test -z "$index" || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
  test -z "$more" || export UV_INDEX="${UV_INDEX:-$more}"
  test -z "$wheels" || export UV_FIND_LINKS="${UV_FIND_LINKS:-$wheels}"
  test -z "$certificates" || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificates}"
  # shellcheck disable=SC2086
  $bin/uv pip install --quiet --index-strategy unsafe-best-match --python $bin/python --require-hashes $locks
}

by_uv || { echo "uv could not install the locked dependencies; pip does" >&2; by_pip; }
$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
