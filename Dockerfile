# The service as an image. scripts/image builds it, prints its size and hands out its list of contents:
#
#   docker build -t headrace .                          the programs and what they load, no distribution
#   docker build --target ocr -t headrace:ocr .         the same with Tesseract and the queue `ocr`
#   docker build --target debian -t headrace:debian .   on Debian, for commands that need a distribution
#
# What changes seldom comes first, so that a rebuild after a change of the sources is one layer. Nothing here knows the
# machine's architecture: libraries are found by asking the programs, PDFium's file is chosen by scripts/deps.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/deps scripts/deps
COPY scripts/packages/build.txt scripts/packages/
RUN scripts/deps apt build
RUN scripts/deps pdfium
COPY third_party third_party
RUN scripts/deps pistache release
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY include include
COPY config config
COPY src src
# Linked without symbols, those of link-time optimisation have random names, and without the folder it is built in.
RUN cmake --preset release -DHEADRACE_TESTS=OFF -DHEADRACE_BENCH=OFF -DHEADRACE_LIBRARY=OFF -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
      -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O2 -DNDEBUG" -DCMAKE_EXE_LINKER_FLAGS=-s \
 && cmake --build --preset release \
 && DESTDIR=/install cmake --install build/release

# The root of the image: of this Debian only what the programs take, and what is in it.
FROM build AS root
COPY scripts/packages scripts/packages
RUN scripts/deps apt runtime
COPY scripts/image-root scripts/image-sbom scripts/
COPY LICENSE ./
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
RUN cp -a /install /tree && rm /tree/usr/local/libexec/headrace/headrace-ocr \
 && install -D -m 644 config/headrace.yaml /tree/etc/headrace/headrace.yaml \
 && scripts/image-root /tree \
 && scripts/image-sbom /tree headrace "$VERSION" "$REVISION" >sbom.json && mv sbom.json /tree/usr/share/doc/headrace/sbom.spdx.json \
 && install -d -m 770 /state/headrace \
 && find /tree /state -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM scratch AS headrace
COPY --from=root /tree/ /
# For a durable engine: a volume here begins as a folder of the user, or of group 0, which any other user has.
COPY --from=root --chown=65532:0 /state/ /var/lib/
# Over the file's addresses: a container is reached from outside. What listens beyond it, `docker run -p` decides.
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    HEADRACE_SERVER_LISTEN=0.0.0.0:8080 \
    HEADRACE_MANAGEMENT_LISTEN=0.0.0.0:8081
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="headrace" \
      org.opencontainers.image.description="CPU-heavy work behind HTTP: a bounded queue, worker processes, early and honest 429s" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["headrace", "health"]
ENTRYPOINT ["/usr/bin/tini", "--", "headrace"]
CMD ["serve", "--config", "/etc/headrace/headrace.yaml"]

# With Tesseract, languages, and a queue `ocr` in the configuration: a layer on top.
FROM root AS ocr-root
RUN scripts/deps apt ocr
COPY examples/ocr/headrace.yaml examples/ocr/
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
RUN cp -a /install /ocr \
 && sed 's/languages: \[eng\]/languages: [eng, deu, osd]/' examples/ocr/headrace.yaml >headrace.yaml \
 && install -D -m 644 headrace.yaml /ocr/etc/headrace/headrace.yaml \
 && scripts/image-root --ocr /ocr \
 && scripts/image-sbom /ocr headrace-ocr "$VERSION" "$REVISION" >sbom.json && mv sbom.json /ocr/usr/share/doc/headrace/sbom.spdx.json \
 && scripts/image-root --above /tree /ocr \
 && find /ocr -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM headrace AS ocr
COPY --from=ocr-root /ocr/ /

# For commands that need a distribution: install theirs on top.
FROM debian:bookworm-slim AS debian-root
COPY scripts/packages/runtime.txt /usr/share/doc/headrace/packages.txt
RUN apt-get update \
 && sed -e 's/#.*//' /usr/share/doc/headrace/packages.txt \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
COPY --from=root /tree/etc/headrace /etc/headrace
COPY --from=root /tree/usr/local/ /usr/local/
COPY --from=root --chown=65532:0 /state/ /var/lib/

FROM root AS debian-docs
COPY --from=debian-root /usr/lib/os-release /debian/etc/
COPY --from=debian-root /var/lib/dpkg/status /debian/var/lib/dpkg/
COPY --from=debian-root /usr/share/doc/ /debian/usr/share/doc/
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
RUN mkdir /added && cd /tree/usr/share/doc && cp -a headrace pdfium pistache $(ls headrace/compiled-in) /added/ && cd /src \
 && cp -a /added/. /debian/usr/share/doc/ && cp -a /tree/usr/local /debian/usr/ \
 && scripts/image-sbom /debian headrace-debian "$VERSION" "$REVISION" >/added/headrace/sbom.spdx.json \
 && find /added -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM debian-root AS debian
COPY --from=debian-docs /added/ /usr/share/doc/
ENV HEADRACE_SERVER_LISTEN=0.0.0.0:8080 \
    HEADRACE_MANAGEMENT_LISTEN=0.0.0.0:8081
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="headrace" \
      org.opencontainers.image.description="CPU-heavy work behind HTTP, on Debian: for commands that need a distribution" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="debian:bookworm-slim"
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["headrace", "health"]
ENTRYPOINT ["/usr/bin/tini", "--", "headrace"]
CMD ["serve", "--config", "/etc/headrace/headrace.yaml"]

# Without --target.
FROM headrace
