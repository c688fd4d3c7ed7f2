from .forgetting import ForgetRequest as ForgetRequest, forget_documents as forget_documents
