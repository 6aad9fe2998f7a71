#!/bin/sh
# Makes sure that what the tests need besides Go is there: a redis-server, a C
# compiler for the race detector, and a Chromium for the pages of examples.
# Installs what is missing where apt-get can.
set -eu

# missing sets packages to those that would help.
missing() {
	packages=
	# Where the variable is set but wrong the tests say so; a package is no help.
	[ -n "${MILLSTREAM_REDIS_SERVER:-}" ] || command -v redis-server >/dev/null ||
		packages="redis-server"
	# A compiler is no use without the C library's headers: look for both at once.
	cc=$(go env CC)
	printf '#include <stdlib.h>\n' | ${cc%% *} -E -o /dev/null - 2>/dev/null ||
		packages="$packages gcc libc6-dev"
	[ -n "${MILLSTREAM_CHROMIUM:-}" ] || browser || packages="$packages chromium"
	[ -n "$packages" ]
}

# browser tells whether there is one where the tests look.
browser() {
	for name in chromium chromium-browser google-chrome google-chrome-stable \
		"/Applications/Chromium.app/Contents/MacOS/Chromium" \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		! command -v "$name" >/dev/null || return 0
	done
	return 1
}

advise() {
	cat >&2 <<-END
		The tests need $packages:
		  Debian/Ubuntu: apt-get install $packages (Ubuntu has no such chromium: take Google Chrome)
		  macOS:         brew install redis; brew install --cask chromium; xcode-select --install
		  elsewhere:     a redis-server, a C compiler and Chromium or Chrome in PATH
		or set MILLSTREAM_REDIS_SERVER, CC and MILLSTREAM_CHROMIUM to the paths of yours.
	END
	exit 1
}

missing || exit 0
command -v apt-get >/dev/null || advise
if [ "$(id -u)" -eq 0 ]; then
	sudo=
elif command -v sudo >/dev/null; then
	sudo=sudo
else
	advise
fi

echo "The tests need $packages: installing" >&2
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
apt update -q
# shellcheck disable=SC2086 # one word a package
apt install -y -q --no-install-recommends $packages || advise # where apt-get has no chromium
! missing || advise
