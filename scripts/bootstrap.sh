# Sourced by the other scripts of this folder: finds or installs uv and synchronizes .venv with uv.lock.
# shellcheck shell=bash

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export UV_PROJECT_ENVIRONMENT="$PROJECT/.venv"
# use the certificates that this machine trusts: behind a proxy that inspects TLS, uv's own certificates would reject every
# registry. uv before 0.10 reads the second variable.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-true}"

find_uv() {
    local candidate
    for candidate in "$(command -v uv || true)" "$PROJECT/.venv-uv/bin/uv"; do
        if [ -n "$candidate" ] && "$candidate" --version > /dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

# Prints where uv is, after installing it where it is not.
need_uv() {
    if [ -z "$(find_uv)" ]; then
        echo "Setting up uv …" >&2
        python3 -m venv "$PROJECT/.venv-uv" > /dev/null 2>&1 \
            && "$PROJECT/.venv-uv/bin/python" -m pip install --quiet --disable-pip-version-check uv \
            || python3 -m pip install --quiet --disable-pip-version-check --target "$PROJECT/.venv-uv" uv
    fi
    find_uv
}

# `bootstrap spark` adds the packages of the second engine; extras installed once stay. Fast if nothing changed since the last run.
bootstrap() {
    local stamp="$PROJECT/.venv/.synced" wanted known="" extras="" extra
    wanted="$(cat "$PROJECT/uv.lock" "$PROJECT/pyproject.toml" | cksum)"
    if [ -x "$PROJECT/.venv/bin/journey" ] && [ -f "$stamp" ]; then
        { read -r known && read -r extras; } < "$stamp" || true
    fi
    for extra in "$@"; do
        if [[ " $extras " != *" $extra "* ]]; then
            extras="$extras $extra"
            known=""
        fi
    done
    if [ "$known" = "$wanted" ]; then
        return
    fi
    UV="$(need_uv)"
    if [ -z "$UV" ]; then
        echo "error: uv could not be installed. python3 with pip and a package registry are needed." >&2
        exit 2
    fi
    echo "Setting up the environment …" >&2
    # shellcheck disable=SC2086
    (cd "$PROJECT" && "$UV" sync --quiet --frozen ${extras:+$(printf -- '--extra %s ' $extras)}) || return
    printf '%s\n%s\n' "$wanted" "$extras" > "$stamp"
}
