#!/usr/bin/env bash
# Builds images that stand in for public ones, under the same names, where no registry of images can be reached. They are
# Debian with what package registries offer, and carry this machine's npm and Maven settings: good for a test, for nothing else.
#
# From the environment: CACHE (a folder to keep root file systems in), NODE, KAFKA_LIBS, MONGOD (what to put in), and the
# names NODE_IMAGE, MAVEN_IMAGE, KAFKA_IMAGE, MONGO_IMAGE. Needs docker, mmdebstrap, and root's rights for it.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
: "${CACHE:?}" "${NODE:?}" "${KAFKA_LIBS:?}" "${MONGOD:?}" "${NODE_IMAGE:?}" "${MAVEN_IMAGE:?}" "${KAFKA_IMAGE:?}" "${MONGO_IMAGE:?}"
export DOCKER_BUILDKIT=0
mkdir -p "$CACHE"

# Packages of Debian, as an image; the file system is kept for the next time.
root_image() { # name, packages
  local name="$1-$2"
  local archive="$CACHE/${name//[:\/,]/-}.tar"
  if [[ ! -f "$archive" ]]; then
    echo "making $1 of Debian packages ($2), which takes a few minutes"
    nice -n 15 mmdebstrap --quiet --format=tar --variant=minbase --include="$2" bookworm "$archive.partial" > /dev/null
    mv "$archive.partial" "$archive"
  fi
  docker import "$archive" "$1" > /dev/null
}

# A folder that holds nothing but what one image needs.
context="$(mktemp -d)"
trap 'rm -rf "$context"' EXIT

image() { # name, dockerfile
  echo "building the stand-in for $1"
  nice -n 15 docker build --quiet --network host --file "$here/$2" --tag "$1" "$context" > /dev/null
  rm -rf "${context:?}"/*
}

# Node 26 is linked with libatomic1, which its public image has.
root_image debian:bookworm-slim ca-certificates,libatomic1,libcurl4
root_image activity/stand-in-java:1.0 ca-certificates,openjdk-17-jre-headless,maven

certificates="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"

cp "$NODE" "$context/node"
# npm itself is two folders above the program that the command leads to.
cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$context/npm"
cp "$certificates" "$context/certificates.crt"
{
  echo "registry=$(npm config get registry 2> /dev/null)"
  echo 'cafile=/etc/ssl/certs/ca-certificates.crt'
} > "$context/npmrc"
image "$NODE_IMAGE" node.dockerfile

maven_home="$(mvn --version 2> /dev/null | sed -n 's/^Maven home: //p')"
if [[ -f "$HOME/.m2/settings.xml" ]]; then cp "$HOME/.m2/settings.xml" "$context/settings.xml"
else cp "$maven_home/conf/settings.xml" "$context/settings.xml"; fi
cp "$certificates" "$context/certificates.crt"
java_home="$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')"
cp --dereference "$java_home/lib/security/cacerts" "$context/cacerts"
image "$MAVEN_IMAGE" maven.dockerfile

cp -r "$KAFKA_LIBS" "$context/libs"
cp -r "$here/kafka-bin" "$here/kafka-run.sh" "$here/log4j2.yaml" "$here/../../packages/testbed/log4j2.properties" "$context/"
image "$KAFKA_IMAGE" kafka.dockerfile

cp "$MONGOD" "$context/mongod"
image "$MONGO_IMAGE" mongo.dockerfile
