#!/usr/bin/env bash
# Generates src/onnx/onnx_pb.ts from src/onnx/onnx.proto. Needs npx and a registry once (buf is fetched ad hoc:
# pinning it as a dependency breaks lockfiles on platforms whose binary lags behind).
set -euo pipefail
cd "$(dirname "$0")/.."
npx --yes @bufbuild/buf@1.75.0 generate src/onnx --template '{
  "version": "v2",
  "plugins": [{ "local": "node_modules/.bin/protoc-gen-es", "out": "src/onnx", "opt": ["target=ts", "import_extension=none"] }]
}'
