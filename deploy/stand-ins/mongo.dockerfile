# Stands in for mongo:8: the mongod that `npm start` finds, with the user and the folders of the original.
FROM debian:bookworm-slim
COPY mongod /usr/bin/mongod
RUN groupadd --gid 999 mongodb && useradd --uid 999 --gid 999 --home-dir /data/db mongodb \
  && mkdir -p /data/db /data/configdb && chown -R mongodb:mongodb /data
ENV HOME=/data/db
VOLUME ["/data/db", "/data/configdb"]
CMD ["mongod"]
