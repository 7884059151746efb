#!/bin/sh
# Prints what the agent's image is made of, as SPDX 2.3: sbom.sh VERSION. Runs where the image is built, on a Debian.
set -eu
version=$1
busybox=$(dpkg-parsechangelog -l /build/source/debian/changelog -S Version)
libc=$(dpkg-query -W -f '${source:Version}' libc6-dev)
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)

# package NAME VERSION LICENSE PURL
package() {
  cat <<END
    {
      "SPDXID": "SPDXRef-$1",
      "name": "$1",
      "versionInfo": "$2",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "$3",
      "licenseDeclared": "$3",
      "copyrightText": "NOASSERTION",
      "externalRefs": [
        { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "$4" }
      ]
    }
END
}

cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "pullcast-agent-$version",
  "documentNamespace": "https://pullcast.dev/spdx/agent/$version/$busybox/$created",
  "creationInfo": { "created": "$created", "creators": ["Tool: pullcast-agent-sbom"] },
  "packages": [
$(package pullcast-agent "$version" Apache-2.0 "pkg:generic/pullcast-agent@$version"),
$(package busybox "$busybox" GPL-2.0-only "pkg:deb/debian/busybox@$busybox?arch=source"),
$(package glibc "$libc" LGPL-2.1-or-later "pkg:deb/debian/glibc@$libc?arch=source")
  ],
  "relationships": [
    { "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-pullcast-agent" },
    { "spdxElementId": "SPDXRef-pullcast-agent", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-busybox" },
    { "spdxElementId": "SPDXRef-busybox", "relationshipType": "STATIC_LINK", "relatedSpdxElement": "SPDXRef-glibc" }
  ]
}
END
