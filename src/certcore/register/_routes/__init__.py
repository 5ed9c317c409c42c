"""The service's routes: `_documents` for everybody, `_look_ups` for those who may ask, `_http` for what both need."""
