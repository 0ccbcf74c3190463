# The service as an image: docker build -t headrace . (scripts/image does it and prints the size); with OCR:
# docker build --target ocr -t headrace:ocr .
# What changes seldom comes first, so that a rebuild after a change of the sources is one layer.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/deps scripts/deps
COPY scripts/packages scripts/packages
RUN scripts/deps apt build
RUN scripts/deps pdfium
COPY third_party third_party
RUN scripts/deps pistache release
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY include include
COPY config config
COPY src src
RUN cmake --preset release -DHEADRACE_TESTS=OFF -DHEADRACE_BENCH=OFF -DHEADRACE_LIBRARY=OFF -DCMAKE_INSTALL_PREFIX=/usr/local \
 && cmake --build --preset release \
 && DESTDIR=/install cmake --install build/release --strip \
 && mkdir -p /install-ocr/usr/local/libexec/headrace \
 && mv /install/usr/local/libexec/headrace/headrace-ocr /install-ocr/usr/local/libexec/headrace/

FROM debian:bookworm-slim AS headrace
# The list stays in the image: it says what was installed, and why.
COPY scripts/packages/runtime.txt /usr/share/doc/headrace/packages.txt
RUN apt-get update \
 && sed -e 's/#.*//' /usr/share/doc/headrace/packages.txt \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
COPY --from=build /install/ /
COPY LICENSE /usr/share/doc/headrace/
COPY config/headrace.yaml /etc/headrace/headrace.yaml

# Over the file's addresses: a container is reached from outside. What listens beyond it, `docker run -p` decides.
ENV HEADRACE_SERVER_LISTEN=0.0.0.0:8080 \
    HEADRACE_MANAGEMENT_LISTEN=0.0.0.0:8081
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="headrace" \
      org.opencontainers.image.description="CPU-heavy work behind HTTP: a bounded queue, worker processes, early and honest 429s" \
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

# docker build --target ocr: with Tesseract and languages, and a queue `ocr` in the configuration.
FROM headrace AS ocr
USER root
COPY scripts/packages/ocr.txt /usr/share/doc/headrace/packages-ocr.txt
RUN apt-get update \
 && sed -e 's/#.*//' /usr/share/doc/headrace/packages-ocr.txt \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
COPY --from=build /install-ocr/ /
COPY examples/ocr/headrace.yaml /etc/headrace/headrace.yaml
RUN sed -i 's/languages: \[eng\]/languages: [eng, deu, osd]/' /etc/headrace/headrace.yaml
USER 65532:65532

# Without --target.
FROM headrace
