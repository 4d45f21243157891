"""What looking into media costs: recognition beside ONNX Runtime alone, analyses beside bare decoding, scans of many files."""
