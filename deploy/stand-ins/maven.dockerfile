# Stands in for maven:3-…: Debian's Maven and Java, with this machine's Maven settings.
FROM activity/stand-in-java:1.0
COPY certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY cacerts /etc/ssl/certs/java/cacerts
COPY settings.xml /etc/maven/settings.xml
