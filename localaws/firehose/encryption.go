package firehose

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/wire"
)

// Server-side encryption with an AWS owned key is state only: nobody could notice
// a difference. A customer managed key brings grants, which are not done.

func checkEncryption(in *types.DeliveryStreamEncryptionConfigurationInput) (types.KeyType, error) {
	switch {
	case in == nil:
		return "", nil
	case in.KeyType == types.KeyTypeAwsOwnedCmk && in.KeyARN != nil:
		return "", invalid("KeyARN cannot be specified when KeyType is AWS_OWNED_CMK")
	case in.KeyType == types.KeyTypeCustomerManagedCmk:
		return "", wire.NotImplemented("KeyType CUSTOMER_MANAGED_CMK of firehose delivery streams")
	}
	return in.KeyType, nil
}

func (st *stream) encryption() *types.DeliveryStreamEncryptionConfiguration {
	if st.keyType == "" {
		return &types.DeliveryStreamEncryptionConfiguration{Status: types.DeliveryStreamEncryptionStatusDisabled}
	}
	return &types.DeliveryStreamEncryptionConfiguration{Status: types.DeliveryStreamEncryptionStatusEnabled, KeyType: st.keyType}
}

func (s *Service) startEncryption(_ context.Context, in *firehose.StartDeliveryStreamEncryptionInput) (*firehose.StartDeliveryStreamEncryptionOutput, error) {
	configuration := in.DeliveryStreamEncryptionConfigurationInput
	if configuration == nil {
		configuration = &types.DeliveryStreamEncryptionConfigurationInput{KeyType: types.KeyTypeAwsOwnedCmk}
	}
	keyType, err := checkEncryption(configuration)
	if err != nil {
		return nil, err
	}
	return &firehose.StartDeliveryStreamEncryptionOutput{}, s.setEncryption(in.DeliveryStreamName, keyType)
}

func (s *Service) stopEncryption(_ context.Context, in *firehose.StopDeliveryStreamEncryptionInput) (*firehose.StopDeliveryStreamEncryptionOutput, error) {
	return &firehose.StopDeliveryStreamEncryptionOutput{}, s.setEncryption(in.DeliveryStreamName, "")
}

func (s *Service) setEncryption(name *string, keyType types.KeyType) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(name)
	if err != nil {
		return err
	}
	if st.status != types.DeliveryStreamStatusActive {
		return &types.ResourceInUseException{Message: aws.String("Firehose " + st.name + " is not in ACTIVE state")}
	}
	st.keyType = keyType
	return nil
}
