# The command line with kubectl and an ssh client:
#   docker build -t pullcast .
#   docker run --rm -v ~/.kube:/home/pullcast/.kube:ro -v ~/.ssh:/home/pullcast/.ssh:ro \
#     -v ~/.docker:/home/pullcast/.docker:ro pullcast push
# Both images hold what they are made of as /sbom.spdx.json (SPDX 2.3; of Debian's packages, dpkg tells).
# The DaemonSet's program, a static busybox and shell scripts, no Node.js:
#   docker build -t pullcast-agent --target agent .
# BASE may be any Debian: a Node that is missing or too old there comes from npm's package "node".
ARG BASE=node:20-bookworm-slim

# Debian's busybox has no inotifyd: this one is built from Debian's source, with what the programs use and no more.
FROM ${BASE} AS busybox
ENV DEBIAN_FRONTEND=noninteractive
RUN set -eu; \
    for list in /etc/apt/sources.list.d/*.sources; do \
      if [ -e "$list" ]; then sed -i 's/^Types: deb$/Types: deb deb-src/' "$list"; fi; \
    done; \
    if [ -e /etc/apt/sources.list ]; then \
      sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list; \
    fi; \
    apt-get update; \
    apt-get install -y --no-install-recommends bzip2 dpkg-dev gcc libc6-dev make; \
    mkdir /build; \
    cd /build; \
    apt-get source busybox; \
    mv busybox-*/ source
COPY agent/node/daemon/busybox.config /build/
RUN set -eu; \
    cd /build/source; \
    make -s allnoconfig >/dev/null; \
    while read -r line; do \
      name=${line%%=*}; \
      sed -i "/^# $name is not set\$/d;/^$name=/d" .config; \
      echo "$line" >>.config; \
    done <../busybox.config; \
    yes '' | make -s oldconfig >/dev/null; \
    make -s -j"$(nproc)"; \
    while read -r line; do grep -qx "$line" .config || { echo "not taken: $line" >&2; exit 1; }; done <../busybox.config
COPY agent/node /src
ARG VERSION=0.1.0
RUN set -eu; \
    mkdir -p /out/bin /out/opt/pullcast /out/revision /out/host /out/proc /out/dev /out/sys /out/tmp; \
    install -m 0755 /build/source/busybox /out/bin/busybox; \
    for applet in $(/out/bin/busybox --list); do \
      if [ "$applet" != busybox ]; then ln -s busybox "/out/bin/$applet"; fi; \
    done; \
    sh /src/daemon/assemble.sh /out/opt/pullcast; \
    sh /src/daemon/sbom.sh "$VERSION" >/out/sbom.spdx.json

FROM scratch AS agent
COPY --from=busybox /out /
LABEL org.opencontainers.image.title="pullcast agent" \
      org.opencontainers.image.description="Keeps registry credentials on a Kubernetes node" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-2.0-only"
ENTRYPOINT ["/bin/sh", "/opt/pullcast/keep"]

FROM ${BASE} AS build
ENV DEBIAN_FRONTEND=noninteractive
# Behind a proxy with a CA of its own: put its certificate into the build context as CA (PEM, .crt).
# It serves the build only, it is not in the image.
ARG CA=proxy-ca.crt
COPY package.json ${CA}* /usr/local/share/ca-certificates/
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_cafile=/etc/ssl/certs/ca-certificates.crt
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates curl; \
    update-ca-certificates; \
    if ! command -v npm >/dev/null; then apt-get install -y --no-install-recommends nodejs npm; fi; \
    if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b >= 2019 ? 0 : 1)'; then \
      npm install --global --no-fund --no-audit node@20; \
    fi; \
    hash -r; \
    install -D -m 0755 "$(readlink -f "$(command -v node)")" /out/usr/local/bin/node

WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY agent ./agent
COPY cli ./cli
COPY scripts/build.mjs ./scripts/
RUN set -eu; \
    node scripts/build.mjs --outdir /out/opt/pullcast/dist; \
    cp package.json package-lock.json /out/opt/pullcast/; \
    cd /out/opt/pullcast; \
    # There is no Docker engine in a container.
    npm ci --omit=dev --omit=optional --ignore-scripts --no-fund --no-audit; \
    # Debian's npm is too old for it.
    npm exec --yes --package=npm@10 -- npm sbom --package-lock-only --omit=dev --omit=optional --sbom-format=spdx --sbom-type=application >/out/sbom.spdx.json; \
    ln -s /opt/pullcast/dist/cli/pullcast.cjs /out/usr/local/bin/pullcast; \
    ln -s /opt/pullcast/dist/cli/kubectl-pullcast.cjs /out/usr/local/bin/kubectl-pullcast

# A kubectl of your own: put it into the build context, --build-arg KUBECTL=PATH/kubectl names it.
# Else that of KUBECTL_VERSION is downloaded and checked by KUBECTL_SHA256, or by the sum published beside it.
ARG KUBECTL=kubectl
ARG KUBECTL_VERSION=v1.35.4
ARG KUBECTL_SHA256=
COPY package.json ${KUBECTL}* /given/
RUN set -eu; \
    to=/out/usr/local/bin/kubectl; \
    given=$(find /given -type f ! -name package.json | head -n 1); \
    if [ -n "$given" ]; then \
      echo "kubectl is the one of the build context: there is no checksum to compare it with" >&2; \
      install -m 0755 "$given" "$to"; \
    else \
      url=https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$(dpkg --print-architecture)/kubectl; \
      curl -fsSL --retry 3 -o "$to" "$url"; \
      sum=${KUBECTL_SHA256:-$(curl -fsSL --retry 3 "$url.sha256")}; \
      echo "$sum  $to" | sha256sum --check --quiet; \
      chmod 0755 "$to"; \
    fi; \
    "$to" version --client >/dev/null

FROM ${BASE} AS cli
LABEL org.opencontainers.image.title="pullcast" \
      org.opencontainers.image.description="Every node of a Kubernetes cluster can pull its private images" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN set -eu; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates libstdc++6 openssh-client; \
    rm -rf /var/lib/apt/lists/*; \
    useradd --uid 65532 --create-home --shell /usr/sbin/nologin pullcast
COPY --from=build /out /
USER 65532:65532
ENV HOME=/home/pullcast
WORKDIR /home/pullcast
ENTRYPOINT ["pullcast"]
